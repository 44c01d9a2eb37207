const pattern =
  /(^|\/)([^/]*\.env(\.[^/]*)?|id_(rsa|ed25519|ecdsa|dsa)|[^/]*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk|tfstate|tfvars)|\.npmrc|\.netrc|\.pypirc|\.pgpass|\.my\.cnf|\.htpasswd|\.vault-token|\.dockercfg|kubeconfig|\.git-credentials|credentials(\.json)?|service-account[^/]*\.json)$/i;

/** Files that usually hold secrets; templates of such files do not. */
export function isSecretFile(path: string): boolean {
  return pattern.test(path) && !/\.(example|sample|template|dist)$/i.test(path);
}
