// Command refuse-method rejects methods that a path of the Blnk API does not have.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() { gateway.Start(&blnk.API{}, "refuse-method") }
