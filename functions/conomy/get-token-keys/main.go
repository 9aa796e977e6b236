// Command get-token-keys serves GET /.well-known/jwks.json and /.well-known/oauth-authorization-server in Conomy's dialect.
package main

import (
	"cedula/shared/boot/tokens"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{IssuerMetadata: tokens.IssuerMetadata()}, "get-token-keys")
}
