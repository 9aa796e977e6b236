// Command blnk authorizes the requests of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.StartAuthorizer(&blnk.Authorizer{Authenticator: boot.Must(boot.NewAuthenticator(boot.Environment()))})
}
