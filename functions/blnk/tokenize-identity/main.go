// Command tokenize-identity serves POST /identities/{id}/tokenize in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot/tokenization"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: tokenization.Identities()}, "tokenize-identity")
}
