; CWE-22 path
; high
; en: A path comes from a request; it can lead out of the folder.
; de: Ein Pfad kommt aus einer Anfrage; er kann aus dem Ordner führen.
; + fs.readFile('files/' + req.params.name, done)
; + response.sendFile(path.join(root, request.query.file))
; + createReadStream(join(root, req.body.path))
; - fs.readFile(path.join(root, 'index.html'), done)
; - fs.readFile(path.join(root, path.basename(req.params.name)), done)
(call_expression
  function: [(identifier) @name (member_expression property: (property_identifier) @name)]
  arguments: (arguments . (_) @path)
  (#any-of? @name
    "readFile" "readFileSync" "createReadStream" "writeFile" "writeFileSync" "createWriteStream" "sendFile"
    "unlink" "unlinkSync" "rm" "rmSync" "readdir" "readdirSync" "appendFile" "download")
  (#match? @path "\\b(?:req|request)\\.(?:params|query|body|url|path|headers)\\b")
  (#not-match? @path "\\bbasename\\(")) @finding
