"""The words of the world make what they say, and the doors believe it."""

from rental_mgmt.accounts.actors import actor_by_key, actor_by_session

from .support import forms


def everyone(world):
    building = world.building("1栋")
    compound, community = building.parent, world.community()
    station = world.station(compound)
    return (
        world.landlord(),
        world.helper(world.party()),
        world.property_manager(compound),
        world.grid_worker(world.grid(building)),
        world.community_officer(community),
        world.liaison(station),
        world.station_lead(station),
        world.auditor(),
    )


def test_a_person_of_the_world_reaches_what_the_doors_let_them_reach(world):
    for somebody in everyone(world):
        token = world.key(somebody)["Authorization"].removeprefix("Bearer ")
        said, found = somebody.actor, actor_by_key(token)[0]
        for target in ("user_id", "role", "paths", "grid_ids", "station_ids", "party_ids"):
            assert getattr(said, target) == getattr(found, target), (somebody.role, target)
        assert actor_by_session(world.session(somebody)).role is somebody.role


def test_a_door_stands_on_its_floor(world):
    building = world.building("3栋")
    first, second = world.door(building, 12, "1201"), world.door(building, 12, "1202")
    assert first.parent_id == second.parent_id
    assert first.path.startswith(building.path)


def test_a_form_is_sent_as_a_browser_would():
    html = """<form method="post" action="/a"><input name="csrf" value="x">
    <input type=checkbox name=yes checked><select name=s><option value=1><option value=2 selected></select>
    <textarea name=t>long</textarea>
    <input type=radio name=r value=1><input type=radio name=r value=2 checked><button name=b value=1></form>"""
    (form,) = forms.forms_on(html)
    assert form.values == {"csrf": "x", "yes": "on", "s": "2", "t": "long", "r": "2"}
    assert form.buttons == [("b", "1")]
