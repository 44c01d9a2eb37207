; CWE-377 temporary file
; low
; en: Between the name and the file somebody else can put theirs; use NamedTemporaryFile.
; de: Zwischen Name und Datei kann jemand seine eigene legen; nehmen Sie NamedTemporaryFile.
; + name = tempfile.mktemp()
; - file = tempfile.NamedTemporaryFile()
(call
  function: (attribute object: (identifier) @module attribute: (identifier) @name)
  (#eq? @module "tempfile")
  (#eq? @name "mktemp")) @finding
