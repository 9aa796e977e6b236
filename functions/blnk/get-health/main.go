// Command get-health serves GET /health of the Blnk API.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/boot"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{Health: boot.Must(boot.NewHealthCheck(boot.Environment()))}, "get-health")
}
