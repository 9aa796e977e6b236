// Command create-token serves POST /auth in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/tokens"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Logins: boot.Authenticator(), Tokens: tokens.Issuer()}, "create-token")
}
