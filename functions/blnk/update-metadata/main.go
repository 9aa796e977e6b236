// Command update-metadata serves POST /{id}/metadata of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Identities: boot.Must(boot.NewRegistry(c))}, "update-metadata")
}
