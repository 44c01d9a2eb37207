; CWE-601 redirect
; medium
; en: A request says where to redirect to; check it against your own addresses.
; de: Eine Anfrage sagt, wohin umgeleitet wird; prüfen Sie das gegen Ihre eigenen Adressen.
; + res.redirect(req.query.next)
; + response.redirect(302, request.body.url)
; - res.redirect('/login')
(call_expression
  function: (member_expression property: (property_identifier) @name)
  arguments: (arguments (_) @target .)
  (#eq? @name "redirect")
  (#match? @target "^(?:req|request)\\.(?:params|query|body)\\b")) @finding
