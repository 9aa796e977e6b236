// Command remove-permission serves DELETE /identities/{id}/permissions/{reference} of the Conomy API.
package main

import (
	"cedula/shared/boot"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	c := boot.Environment()
	gateway.Start(&conomy.API{Identities: boot.Must(boot.NewRegistry(c))}, "remove-permission")
}
