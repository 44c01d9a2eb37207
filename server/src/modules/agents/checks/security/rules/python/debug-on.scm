; CWE-489 debug
; medium
; en: The debugger is on; it lets whoever sees an error run code.
; de: Der Debugger ist an; er lässt jeden, der einen Fehler sieht, Code ausführen.
; + app.run(debug=True)
; + DEBUG = True
; - app.run(debug=False)
; - debug = is_local()
(call
  function: (attribute attribute: (identifier) @name)
  arguments: (argument_list (keyword_argument name: (identifier) @key value: (true)))
  (#eq? @name "run")
  (#eq? @key "debug")) @finding

(assignment left: (identifier) @name right: (true) (#eq? @name "DEBUG")) @finding
