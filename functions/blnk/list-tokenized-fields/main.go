// Command list-tokenized-fields serves GET /identities/{id}/tokenized-fields in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: boot.Identities()}, "list-tokenized-fields")
}
