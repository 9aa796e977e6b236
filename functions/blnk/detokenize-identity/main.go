// Command detokenize-identity serves POST /identities/{id}/detokenize of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/boot/tokenization"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Identities: boot.Must(tokenization.NewRegistry(c))}, "detokenize-identity")
}
