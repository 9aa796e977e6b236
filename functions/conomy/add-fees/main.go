// Command add-fees serves POST /identities/{id}/fees in Conomy's dialect.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&conomy.API{}, "add-fees")
}
