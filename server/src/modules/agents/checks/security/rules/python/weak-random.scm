; CWE-338 random
; medium
; en: The module random can be foreseen; use secrets.
; de: Das Modul random ist vorhersehbar; nehmen Sie secrets.
; + token = str(random.random())
; + self.session_key = ''.join(random.choice(letters) for _ in range(20))
; - token = secrets.token_hex(16)
; - dice = random.randint(1, 6)
(assignment
  left: (_) @name
  right: (_) @value
  (#match? @name "(?:token|secret|passw|nonce|salt|session|otp|csrf|api_key)")
  (#match? @value "\\brandom\\.(?:random|randint|choice|choices|randrange|getrandbits|sample)\\(")) @finding
