; CWE-327 cipher
; high
; en: This cipher is broken or hides nothing (ECB); use aes-256-gcm.
; de: Dieses Verfahren ist gebrochen oder verbirgt nichts (ECB); nehmen Sie aes-256-gcm.
; + createCipheriv('aes-128-ecb', key, null)
; + crypto.createCipher('aes192', password)
; + createDecipheriv('des-ede3-cbc', key, iv)
; - createCipheriv('aes-256-gcm', key, iv)
(call_expression
  function: [(identifier) @name (member_expression property: (property_identifier) @name)]
  arguments: (arguments . (string) @algorithm)
  (#any-of? @name "createCipheriv" "createDecipheriv")
  (#match? @algorithm "^.(?:des|rc[24]|bf|idea|seed)|-ecb")) @finding

(call_expression
  function: [(identifier) @name (member_expression property: (property_identifier) @name)]
  (#any-of? @name "createCipher" "createDecipher")) @finding
