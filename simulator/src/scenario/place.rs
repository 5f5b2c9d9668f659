//! What exists in one account and region: the parts of the services, each of which reads and holds its own.

use super::Context;
use insights_shared::fields::Fields;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;

/// What exists in one account and region. The default part of each service is empty and not enabled.
#[derive(Clone, Debug)]
pub struct Place(HashMap<TypeId, Box<dyn StoredPart>>);

/// A service's part of a scenario.
pub trait Part: Any + Clone + Debug + Default + Send + Sync {
    /// Reads the service's table of the scenario file. Everything that is wrong goes to the faults of `fields`.
    fn parse(fields: Fields<'_>, context: &Context) -> Self;
}

/// A part of whatever type.
trait StoredPart: Any + Debug + Send + Sync {
    fn boxed_clone(&self) -> Box<dyn StoredPart>;
}

impl<T: Part> StoredPart for T {
    fn boxed_clone(&self) -> Box<dyn StoredPart> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn StoredPart> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// How a service's part is read.
#[derive(Clone, Copy)]
pub(crate) struct PartReader {
    id: fn() -> TypeId,
    empty: fn() -> Box<dyn StoredPart>,
    parse: fn(Fields<'_>, &Context) -> Box<dyn StoredPart>,
    /// Whether the file has one table for all places.
    is_global: bool,
}

impl PartReader {
    /// A part for each place.
    pub(crate) const fn of<T: Part>() -> Self {
        Self {
            id: TypeId::of::<T>,
            empty: || Box::new(T::default()),
            parse: |fields, context| Box::new(T::parse(fields, context)),
            is_global: false,
        }
    }

    /// One part for all places.
    pub(crate) const fn global<T: Part>() -> Self {
        Self { is_global: true, ..Self::of::<T>() }
    }
}

impl Place {
    /// A place in which nothing exists.
    pub(crate) fn empty() -> Self {
        Self(readers().map(|(_, reader)| ((reader.id)(), (reader.empty)())).collect())
    }

    /// Reads the tables that the services have in `fields`. A place within the file takes global parts from `default`.
    pub(super) fn parse(fields: &mut Fields<'_>, context: &Context, default: Option<&Self>) -> Self {
        let mut place = Self::empty();
        for (name, reader) in readers() {
            let id = (reader.id)();
            let part = match default.filter(|_| reader.is_global) {
                Some(default) => default.0.get(&id).cloned(),
                None => fields.object(name).map(|fields| (reader.parse)(fields, context)),
            };
            place.0.extend(part.map(|part| (id, part)));
        }
        place
    }

    /// The part of type `T`, such as [`xray::Data`](crate::xray::Data).
    ///
    /// # Panics
    ///
    /// If `T` is not the part of a simulated service.
    #[expect(clippy::expect_used, reason = "a place has the part of every service")]
    pub fn part<T: Part>(&self) -> &T {
        let part: Option<&dyn Any> = self.0.get(&TypeId::of::<T>()).map(|part| &**part as &dyn Any);
        part.and_then(<dyn Any>::downcast_ref).expect("the part of a simulated service")
    }

    /// The part of type `T`, to change it.
    ///
    /// # Panics
    ///
    /// If `T` is not the part of a simulated service.
    #[expect(clippy::expect_used, reason = "a place has the part of every service")]
    pub fn part_mut<T: Part>(&mut self) -> &mut T {
        let part: Option<&mut dyn Any> =
            self.0.get_mut(&TypeId::of::<T>()).map(|part| &mut **part as &mut dyn Any);
        part.and_then(<dyn Any>::downcast_mut).expect("the part of a simulated service")
    }
}

/// The services that have a part, by name.
fn readers() -> impl Iterator<Item = (&'static str, PartReader)> {
    let services = crate::SERVICES.services().iter();
    services.filter_map(|service| Some((service.name(), service.descriptor().part?)))
}
