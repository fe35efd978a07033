package format

// Assignment is a text for a path.
type Assignment struct{ Path, Value string }

// SetAll makes every assignment, in order, as [Document.Set] does. Where one
// fails, those before it stay made. A document that can make many for the price
// of one, as those of all formats with names can, has a method SetAll; it reports
// whether it did, and changes nothing if not.
func SetAll(d Document, all []Assignment) error {
	if b, ok := d.(interface{ SetAll([]Assignment) bool }); ok && len(all) > 1 {
		if b.SetAll(all) {
			return nil
		}
		// One that cannot be made with the others is found by halving: to go on one by
		// one would take hours for a hundred thousand.
		half := len(all) / 2
		if err := SetAll(d, all[:half]); err != nil {
			return err
		}
		return SetAll(d, all[half:])
	}
	for _, a := range all {
		if err := d.Set(a.Path, a.Value); err != nil {
			return err
		}
	}
	return nil
}
