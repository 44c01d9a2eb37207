; CWE-95 eval
; high
; en: Code is made from a text at run time.
; de: Zur Laufzeit wird aus einem Text Code.
; + eval(expression)
; + exec(f"x = {value}")
; - eval("1 + 1")
; - model.eval(x)
; - ast.literal_eval(x)
(call
  function: (identifier) @name
  arguments: (argument_list . (_) @code)
  (#any-of? @name "eval" "exec")
  (#not-match? @code "^(?:['\"][^{]*['\"]|compile\\()")) @finding
