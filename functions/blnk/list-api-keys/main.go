// Command list-api-keys serves GET /api-keys in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Keys: boot.Keys()}, "list-api-keys")
}
