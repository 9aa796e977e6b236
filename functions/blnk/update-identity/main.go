// Command update-identity serves PUT /identities/{id} in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot/tokenization"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: tokenization.Identities()}, "update-identity")
}
