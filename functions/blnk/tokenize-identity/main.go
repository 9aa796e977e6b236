// Command tokenize-identity serves POST /identities/{id}/tokenize in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot/vaults"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: vaults.Identities()}, "tokenize-identity")
}
