; CWE-95 timer
; high
; en: A timer runs a text as code.
; de: Ein Timer führt einen Text als Code aus.
; + setTimeout('go(' + id + ')', 10)
; + setInterval(`tick(${name})`, 10)
; - setTimeout(go, 10)
; - setTimeout(() => `a${b}`, 10)
(call_expression
  function: (identifier) @name
  arguments: (arguments . [(template_string) (string) (binary_expression (string))])
  (#any-of? @name "setTimeout" "setInterval" "setImmediate")) @finding
