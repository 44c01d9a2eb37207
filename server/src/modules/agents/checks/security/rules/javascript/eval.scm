; CWE-95 eval
; high
; en: Code is made from a text at run time.
; de: Zur Laufzeit wird aus einem Text Code.
; + eval(input)
; + const f = new Function('a', body)
; + globalThis.eval(`${x}`)
; - eval('1 + 1')
; - model.eval(input)
; - // eval(input)
(call_expression
  function: (identifier) @name
  arguments: (arguments . (_) @code)
  (#eq? @name "eval")
  (#not-match? @code "^(?:['\"]|`[^$]*`$)")) @finding

(call_expression
  function: (member_expression object: (identifier) @global property: (property_identifier) @name)
  arguments: (arguments . (_) @code)
  (#any-of? @global "globalThis" "window" "self")
  (#eq? @name "eval")
  (#not-match? @code "^(?:['\"]|`[^$]*`$)")) @finding

(new_expression
  constructor: (identifier) @constructor
  arguments: (arguments (_) @code .)
  (#eq? @constructor "Function")
  (#not-match? @code "^['\"]")) @finding
