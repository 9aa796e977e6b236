// Command get-token-keys serves GET /.well-known/jwks.json and /.well-known/oauth-authorization-server of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/tokens"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{IssuerMetadata: boot.Must(tokens.NewIssuerMetadata(boot.Environment()))}, "get-token-keys")
}
