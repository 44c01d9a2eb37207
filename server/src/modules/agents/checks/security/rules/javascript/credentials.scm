; CWE-798 credentials
; high
; en: A password or key stands in the code; read it from the environment.
; de: Im Code steht ein Passwort oder Schlüssel; lesen Sie es aus der Umgebung.
; + const password = 'hunter2hunter'
; + connect({ user: 'root', password: 'letmein!' })
; + config.apiSecret = "correcthorse"
; - const password = process.env.PASSWORD
; - const passwordLabel = 'Password'
; - const o = { password: '' }
; - const o = { password: '<your password>' }
; - const texts = { password: 'Please enter your password' }
(
  [
    (variable_declarator name: (identifier) @name value: (string) @value)
    (assignment_expression left: (member_expression property: (property_identifier) @name) right: (string) @value)
    (pair key: (property_identifier) @name value: (string) @value)
  ] @finding
  (#match? @name "^(?:[a-z]+[A-Z_]?\\w*)?(?:[Pp]ass(?:word|wd|phrase)|PASSWORD|PASSWD|[Ss]ecret(?:Key)?|SECRET(?:_KEY)?|[Aa]pi_?[Kk]ey|API_KEY|[Aa]ccess[Tt]oken|ACCESS_TOKEN|[Pp]rivateKey)$")
  (#match? @value "^.[^\\s<>{}$*]{6,200}.$")
  (#not-match? @value "^.(?:[Pp]ass(?:word|wd)|[Ss]ecret|example|changeme|placeholder|your[-_]?|xxx|\\.\\.\\.|[a-z]+[-_.][a-z-_.]+).?$|[Ee]xample|[Cc]hangeme|[Pp]laceholder")
)
