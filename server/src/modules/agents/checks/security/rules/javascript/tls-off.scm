; CWE-295 certificates
; high
; en: Certificates are not checked.
; de: Zertifikate werden nicht geprüft.
; + const agent = new Agent({ rejectUnauthorized: false })
; + process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
; + process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = 0
; - const agent = new Agent({ rejectUnauthorized: true })
; - // rejectUnauthorized: false
(pair
  key: [(property_identifier) (string)] @key
  value: (false)
  (#match? @key "^['\"]?(?:rejectUnauthorized|strictSSL)['\"]?$")) @finding

(assignment_expression
  left: (_) @variable
  right: (_) @value
  (#match? @variable "NODE_TLS_REJECT_UNAUTHORIZED")
  (#match? @value "^['\"]?0")) @finding
