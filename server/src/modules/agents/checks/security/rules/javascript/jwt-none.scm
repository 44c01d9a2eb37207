; CWE-347 signature
; high
; en: Tokens without a signature are accepted.
; de: Tokens ohne Signatur werden angenommen.
; + jwt.verify(token, key, { algorithms: ['HS256', 'none'] })
; + sign(data, key, { algorithm: 'none' })
; - jwt.verify(token, key, { algorithms: ['HS256'] })
(pair
  key: (property_identifier) @key
  value: [(string) (array)] @value
  (#any-of? @key "algorithms" "algorithm" "alg")
  (#match? @value "['\"](?:none|NONE|None)['\"]")) @finding
