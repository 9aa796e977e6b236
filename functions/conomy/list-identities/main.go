// Command list-identities serves GET /identities in Conomy's dialect.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{Identities: boot.IdentitiesWithListShards()}, "list-identities")
}
