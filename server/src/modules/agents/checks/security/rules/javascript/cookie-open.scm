; CWE-1004 cookie
; low
; en: Scripts or plain HTTP can read this cookie.
; de: Skripte oder unverschlüsseltes HTTP können dieses Cookie lesen.
; + res.cookie('sid', id, { httpOnly: false })
; + session({ cookie: { secure: false } })
; - res.cookie('sid', id, { httpOnly: true, secure: true })
; - const o = { secure: false }
(call_expression
  function: (member_expression property: (property_identifier) @name)
  arguments: (arguments (object (pair key: (property_identifier) @key value: (false)) @finding))
  (#any-of? @name "cookie" "setCookie")
  (#any-of? @key "httpOnly" "secure"))

(pair
  key: (property_identifier) @cookie
  value: (object (pair key: (property_identifier) @key value: (false)) @finding)
  (#eq? @cookie "cookie")
  (#any-of? @key "httpOnly" "secure"))
