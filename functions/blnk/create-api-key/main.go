// Command create-api-key serves POST /api-keys of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&blnk.API{Keys: boot.Must(boot.NewKeyManager(c))}, "create-api-key")
}
