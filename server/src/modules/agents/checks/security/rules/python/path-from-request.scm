; CWE-22 path
; high
; en: A path comes from a request; it can lead out of the folder.
; de: Ein Pfad kommt aus einer Anfrage; er kann aus dem Ordner führen.
; + open("files/" + request.args["name"])
; + send_file(os.path.join(root, request.args.get("name")))
; + open(os.path.join(root, self.request.GET["f"]))
; - open(os.path.join(root, "index.html"))
; - open(os.path.join(root, secure_filename(request.args["name"])))
(call
  function: [(identifier) @name (attribute attribute: (identifier) @name)]
  arguments: (argument_list . (_) @path)
  (#any-of? @name "open" "send_file" "FileResponse" "remove" "unlink" "rmtree" "listdir" "read_text")
  (#match? @path "\\brequest\\.(?:args|form|values|GET|POST|query_params|path_params|json|data|files)\\b")
  (#not-match? @path "secure_filename|basename")) @finding
