// Command create-token serves POST /auth of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/tokens"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Logins: boot.Must(boot.NewAuthenticator(c)), Tokens: boot.Must(tokens.NewIssuer(c))}, "create-token")
}
