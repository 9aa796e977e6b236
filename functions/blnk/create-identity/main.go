// Command create-identity serves POST /identities in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: boot.IdentitiesWithListShards()}, "create-identity")
}
