; CWE-732 mode
; medium
; en: Everybody may write.
; de: Alle dürfen schreiben.
; + os.chmod(name, 0o777)
; + path.chmod(0o666)
; - os.chmod(name, 0o644)
(call
  function: (attribute attribute: (identifier) @name)
  arguments: (argument_list (integer) @mode .)
  (#eq? @name "chmod")
  (#match? @mode "^0o?[0-7]*[0-7][0-7][2367]$")) @finding
