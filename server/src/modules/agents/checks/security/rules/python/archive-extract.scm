; CWE-22 archive
; medium
; en: An archive can write outside of the folder; pass filter="data".
; de: Ein Archiv kann außerhalb des Ordners schreiben; übergeben Sie filter="data".
; + archive.extractall(folder)
; - archive.extractall(folder, filter="data")
(call
  function: (attribute attribute: (identifier) @name)
  arguments: (argument_list) @arguments
  (#eq? @name "extractall")
  (#not-match? @arguments "filter\\s*=|members\\s*=")) @finding
