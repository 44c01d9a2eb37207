; CWE-89 SQL
; high
; en: SQL is put together from values; pass them as parameters.
; de: SQL wird aus Werten zusammengesetzt; übergeben Sie sie als Parameter.
; + db.query(`select * from users where name = '${name}'`)
; + const q = 'SELECT * FROM users WHERE id = ' + id
; + return 'delete from t where id = ' + id + ' limit 1'
; - db.query('select * from users where name = $1', [name])
; - const rows = await sql`select * from users where name = ${name}`
; - log(`selected ${name} from the list`)
; - db.query(`select * from t where id in (${ids.map(() => '?').join(',')})`)
(
  [
    (arguments [(template_string (template_substitution)) (binary_expression operator: "+")] @finding)
    (variable_declarator value: [(template_string (template_substitution)) (binary_expression operator: "+")] @finding)
    (assignment_expression right: [(template_string (template_substitution)) (binary_expression operator: "+")] @finding)
    (return_statement [(template_string (template_substitution)) (binary_expression operator: "+")] @finding)
    (pair value: [(template_string (template_substitution)) (binary_expression operator: "+")] @finding)
    (arrow_function body: [(template_string (template_substitution)) (binary_expression operator: "+")] @finding)
  ]
  (#match? @finding "^['\"`]\\s*(?:(?:SELECT|select)\\s[^]*\\s(?:FROM|from)\\s|(?:INSERT|insert)\\s+(?:INTO|into)\\s|(?:UPDATE|update)\\s+\\S+\\s+(?:SET|set)\\s|(?:DELETE|delete)\\s+(?:FROM|from)\\s)")
  (#not-match? @finding "\\$\\{[^}]*'\\?'")
)
