// Command update-metadata serves POST /{id}/metadata in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Identities: boot.Identities()}, "update-metadata")
}
