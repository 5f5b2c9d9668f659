//! The members of an object, sorted by the code points of their names.

use crate::value::{Text, Value};
use litemap::LiteMap;
use std::fmt;
use std::ops::Index;

/// An object, as a sorted list. Most objects have a few members, and a tree would allocate a node for eleven.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Map(LiteMap<Text, Value>);

impl Map {
    /// Creates an empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Whether there is a member with this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Adds a member. It replaces a member with the same name.
    pub fn insert(&mut self, name: Text, value: Value) {
        // Members usually arrive sorted by name. Appending them needs no search.
        if let Some((name, value)) = self.0.try_append(name, value) {
            self.0.insert(name, value);
        }
    }

    /// Removes a member and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Removes every member for which `keep` returns `false`.
    pub fn retain(&mut self, keep: impl FnMut(&Text, &Value) -> bool) {
        self.0.retain(keep);
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter()
    }

    /// The members, with mutable values.
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        self.0.iter_mut()
    }

    /// The names.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Text> {
        self.0.keys()
    }

    /// The values.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.0.values()
    }

    /// The values, mutable.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

/// Iterates over the members of a [`Map`].
pub type Iter<'a> = <&'a LiteMap<Text, Value> as IntoIterator>::IntoIter;
/// Iterates over the members of a [`Map`], with mutable values.
pub type IterMut<'a> = <&'a mut LiteMap<Text, Value> as IntoIterator>::IntoIter;
/// Iterates over the members of a [`Map`] that is consumed.
pub type IntoIter = <LiteMap<Text, Value> as IntoIterator>::IntoIter;

impl IntoIterator for Map {
    type Item = (Text, Value);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a Text, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Map {
    type Item = (&'a Text, &'a mut Value);
    type IntoIter = IterMut<'a>;

    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}

/// Of members with the same name, the last one counts.
impl FromIterator<(Text, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

/// Of members with the same name, the last one counts. The memory of the list is reused, unless names repeat.
impl From<Vec<(Text, Value)>> for Map {
    fn from(mut members: Vec<(Text, Value)>) -> Self {
        let is_distinct =
            |members: &[(Text, Value)]| members.is_sorted_by(|(left, _), (right, _)| left < right);
        if !is_distinct(&members) {
            members.sort_by(|(left, _), (right, _)| left.cmp(right));
            if !is_distinct(&members) {
                return members.into_iter().collect();
            }
        }
        Self(LiteMap::from_sorted_store_unchecked(members))
    }
}

impl<const N: usize> From<[(Text, Value); N]> for Map {
    fn from(members: [(Text, Value); N]) -> Self {
        members.into_iter().collect()
    }
}

impl Extend<(Text, Value)> for Map {
    fn extend<I: IntoIterator<Item = (Text, Value)>>(&mut self, members: I) {
        self.0.extend(members);
    }
}

/// The value with this name, for tests only: panics if there is none. Other code uses [`Map::get`].
impl Index<&str> for Map {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        match self.get(name) {
            Some(value) => value,
            None => panic!("no member {name}"),
        }
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self).finish()
    }
}

/// Builds an object from members that may be absent, as most members of AWS's answers are. Members can be added in any order;
/// those in the order of their names need no search.
#[derive(Debug, Default)]
pub struct MapBuilder(Map);

impl MapBuilder {
    /// Creates a builder without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member if there is a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(Text::const_new(name), value.into());
        }
        self
    }

    /// Creates a builder with room for this number of members.
    pub fn with_capacity(members: usize) -> Self {
        Self(Map(LiteMap::with_capacity(members)))
    }

    /// Returns the object.
    pub fn build(self) -> Map {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn members() -> impl Strategy<Value = Vec<(String, i64)>> {
        prop::collection::vec(("[a-cé]{0,2}", any::<i64>()), 0..24)
    }

    proptest! {
        #[test]
        fn it_has_the_same_content_as_a_tree_in_any_order_of_insertion(members in members(), gone in "[a-cé]{0,2}") {
            let members: Vec<(Text, Value)> =
                members.into_iter().map(|(name, number)| (name.into(), number.into())).collect();
            let mut tree: BTreeMap<Text, Value> = members.iter().cloned().collect();
            let mut one_by_one = Map::new();
            for (name, value) in members.clone() {
                one_by_one.insert(name, value);
            }
            let (begun, rest) = members.split_at(members.len() / 2);
            let mut extended: Map = begun.iter().cloned().collect();
            extended.extend(rest.iter().cloned());
            let mut map: Map = members.iter().cloned().collect();
            prop_assert_eq!(&map, &Map::from(members));
            prop_assert_eq!(&map, &one_by_one);
            prop_assert_eq!(&map, &extended);
            prop_assert_eq!(map.remove(&gone), tree.remove(gone.as_str()));
            prop_assert!(map.get(&gone).is_none() && !map.contains_key(&gone));
            prop_assert_eq!(map.len(), tree.len());
            prop_assert!(map.iter().eq(tree.iter()));
            prop_assert!(map.into_iter().eq(tree));
        }
    }
}
