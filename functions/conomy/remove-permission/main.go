// Command remove-permission serves DELETE /identities/{id}/permissions/{reference} of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("remove-permission") }
