; CWE-798 credentials
; high
; en: A password or key stands in the code; read it from the environment.
; de: Im Code steht ein Passwort oder Schlüssel; lesen Sie es aus der Umgebung.
; + password = "hunter2hunter"
; + connect(user="root", password="letmein!")
; + SECRET_KEY = 'correcthorsebattery'
; - password = os.environ["PASSWORD"]
; - password = ""
; - password_label = "Password"
; - connect(password="<your password>")
; - password = f"{value}"
(
  [
    (assignment left: [(identifier) @name (attribute attribute: (identifier) @name)] right: (string) @value)
    (keyword_argument name: (identifier) @name value: (string) @value)
  ] @finding
  (#match? @name "^(?:\\w+_)?(?:password|passwd|passphrase|PASSWORD|secret|SECRET|secret_key|SECRET_KEY|api_key|API_KEY|access_token|ACCESS_TOKEN|private_key)$")
  (#match? @value "^[rRbBuU]?['\"][^\\s<>{}$*]{6,200}['\"]$")
  (#not-match? @value "^.(?:password|secret|changeme|placeholder|your[-_]?|xxx|\\.\\.\\.|[a-z]+[-_.][a-z-_.]+).?$|[Ee]xample|[Cc]hangeme|[Pp]laceholder")
)
