; CWE-346 message
; low
; en: A message goes to whatever page is in the window.
; de: Eine Nachricht geht an jede Seite, die im Fenster ist.
; + parent.postMessage(secret, '*')
; - parent.postMessage(secret, 'https://example.org')
(call_expression
  function: (member_expression property: (property_identifier) @name)
  arguments: (arguments (_) . (string) @origin)
  (#eq? @name "postMessage")
  (#match? @origin "^.\\*.$")) @finding
