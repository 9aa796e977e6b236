// Command refuse-method serves every path with the methods that it does not have, in Blnk's dialect.
package main

import (
	"cedula/shared/blnk"
	"cedula/shared/gateway"
)

func main() {
	gateway.Start(&blnk.API{}, "refuse-method")
}
