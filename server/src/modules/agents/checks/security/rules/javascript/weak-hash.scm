; CWE-327 hash
; medium
; en: MD5 and SHA-1 are broken.
; de: MD5 und SHA-1 gelten als gebrochen.
; + crypto.createHash('md5')
; + createHmac("sha1", key)
; - createHash('sha256')
; - createHash(name)
(call_expression
  function: [(identifier) @name (member_expression property: (property_identifier) @name)]
  arguments: (arguments . (string) @algorithm)
  (#any-of? @name "createHash" "createHmac")
  (#match? @algorithm "^.(?:md[245]|MD[245]|sha-?1|SHA-?1|ripemd160).$")) @finding
