; CWE-295 certificates
; high
; en: Certificates are not checked.
; de: Zertifikate werden nicht geprüft.
; + requests.get(address, verify=False)
; + context = ssl._create_unverified_context()
; + context.verify_mode = ssl.CERT_NONE
; - requests.get(address, verify=True)
; - context = ssl.create_default_context()
(keyword_argument name: (identifier) @key value: (false) (#any-of? @key "verify" "verify_ssl" "check_hostname")) @finding

(call
  function: (attribute attribute: (identifier) @name)
  (#eq? @name "_create_unverified_context")) @finding

(assignment
  right: (attribute attribute: (identifier) @name)
  (#eq? @name "CERT_NONE")) @finding
