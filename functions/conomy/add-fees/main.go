// Command add-fees serves POST /identities/{id}/fees of the Conomy API.
package main

import (
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&conomy.API{}, "add-fees") }
