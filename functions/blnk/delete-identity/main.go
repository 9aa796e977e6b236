// Command delete-identity serves DELETE /identities/{id} of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("delete-identity") }
