; CWE-338 random
; medium
; en: Math.random can be foreseen; use crypto.randomBytes for secrets.
; de: Math.random ist vorhersehbar; nehmen Sie crypto.randomBytes für Geheimnisse.
; + const token = Math.random().toString(36)
; + session.secretKey = `${Math.random()}`
; + const o = { resetToken: String(Math.random()) }
; - const dice = Math.floor(Math.random() * 6)
; - const token = randomBytes(32)
(
  [
    (variable_declarator name: (identifier) @name value: (_) @value)
    (assignment_expression left: (_) @name right: (_) @value)
    (pair key: (_) @name value: (_) @value)
  ] @finding
  (#match? @name "(?:[Tt]oken|[Ss]ecret|[Pp]assw|[Nn]once|[Ss]alt|[Ss]ession(?:Id|Key)|[Oo]tp\\b|apiKey|[Cc]srf)")
  (#match? @value "\\bMath\\.random\\(")
)
