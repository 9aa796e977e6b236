// Command conomy authorizes the requests of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/boot/tokens"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartAuthorizer(&conomy.Authorizer{Authenticator: boot.Must(tokens.NewAuthenticator(boot.Environment()))})
}
