; CWE-327 hash
; medium
; en: MD5 and SHA-1 are broken.
; de: MD5 und SHA-1 gelten als gebrochen.
; + hashlib.md5(data)
; + hashlib.new('sha1', data)
; - hashlib.sha256(data)
; - hashlib.md5(data, usedforsecurity=False)
(call
  function: (attribute object: (identifier) @module attribute: (identifier) @name)
  arguments: (argument_list) @arguments
  (#eq? @module "hashlib")
  (#any-of? @name "md5" "sha1")
  (#not-match? @arguments "usedforsecurity\\s*=\\s*False")) @finding

(call
  function: (attribute object: (identifier) @module attribute: (identifier) @name)
  arguments: (argument_list . (string) @algorithm)
  (#eq? @module "hashlib")
  (#eq? @name "new")
  (#match? @algorithm "^.(?:md5|sha1).$")) @finding
