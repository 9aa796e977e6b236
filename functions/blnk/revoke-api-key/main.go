// Command revoke-api-key serves DELETE /api-keys/{id} in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Keys: boot.Keys()}, "revoke-api-key")
}
