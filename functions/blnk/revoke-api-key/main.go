// Command revoke-api-key serves DELETE /api-keys/{id} of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Keys: boot.Must(boot.NewKeyManager(c))}, "revoke-api-key")
}
