// Command update-identity serves PUT /identities/{id} of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/boot/tokenization"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Identities: boot.Must(tokenization.NewRegistry(c))}, "update-identity")
}
