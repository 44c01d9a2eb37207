; CWE-89 SQL
; high
; en: SQL is put together from values; pass them as parameters.
; de: SQL wird aus Werten zusammengesetzt; übergeben Sie sie als Parameter.
; + cursor.execute(f"select * from users where name = '{name}'")
; + cursor.execute("SELECT * FROM users WHERE id = %s" % identifier)
; + query = "delete from users where id = " + identifier
; + db.execute("select * from t where a = {}".format(a))
; - cursor.execute("select * from users where id = %s", (identifier,))
; - print(f"selected {name} from the list")
(
  [
    (string (interpolation))
    (binary_operator operator: ["+" "%"])
    (call function: (attribute object: (string) attribute: (identifier) @format))
  ] @finding
  (#match? @finding "^[fFrRbB]{0,2}(?:\"\"\"|'''|['\"])\\s*(?:(?:SELECT|select)\\s[^]*\\s(?:FROM|from)\\s|(?:INSERT|insert)\\s+(?:INTO|into)\\s|(?:UPDATE|update)\\s+\\S+\\s+(?:SET|set)\\s|(?:DELETE|delete)\\s+(?:FROM|from)\\s)")
)
