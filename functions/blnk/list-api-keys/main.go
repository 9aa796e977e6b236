// Command list-api-keys serves GET /api-keys of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Keys: boot.Must(boot.NewKeyManager(c))}, "list-api-keys")
}
