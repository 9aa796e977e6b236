// Command conomy authorizes the requests of Conomy's API.
package main

import (
	"cedula/shared/boot/tokens"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartAuthorizer(&conomy.Authorizer{Authenticator: tokens.Authenticator()})
}
